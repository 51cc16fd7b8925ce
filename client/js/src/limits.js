// @ts-check
// All numbers in one place. The build puts them where they are used.

// Connecting, in milliseconds.
export const headStart = 3000 // of a transport before the next one, and a second more for each failure
export const quick = 1000 // a replacement of the connection that takes no longer is not shown
export const authTimeout = 30_000 // for the program to say who it is
export const climbAfter = 300_000 // the better transports are tried again
export const longest = 3_600_000 // wait that a response may ask for
export const silence = 50_000 // on a poll, which does not say how often something comes

// Messages on their way: with more answers that are not acknowledged yet, an instance would refuse.
export const window = 200

// What one POST may carry, beside that. Text has at most three bytes for each of its characters, so this is below the 1 MiB that an instance takes.
export const postLoose = 50 // volatile messages, beside the others
export const postChars = 60_000 // also so little that a slow line carries it within the time that an instance gives a body
export const postTimeout = 60_000 // ms: longer than a body and a turn may take

// What a browser lets outlive a page is 64 KiB.
export const lastChars = 20_000

export const maxQueue = 1000 // messages that have not taken effect
export const maxLoose = 1000 // volatile messages without an answer
export const maxBytes = 65_000 // of a message: a little less than an instance takes by default

export const maxCursors = 200 // of topics in a hello, which is one frame

// When the own stream is acknowledged: after 64 entries, 64 KiB, or a time.
export const ackChars = 64 << 10
export const ackChunk = 1 << 10 // what an entry counts at least
export const ackAfter = 15_000 // ms
