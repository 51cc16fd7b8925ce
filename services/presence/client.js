// @ts-check
/** @typedef {import('../../client/js/types/app.js').Kit} Kit */

/**
 * A user in a room.
 *
 * @typedef Person
 * @property {string} id of the user; of the socket, if the user has none
 * @property {string} name
 * @property {number} since when the user came, by the instance's clock, in milliseconds since 1970
 * @property {boolean} away
 */

/** @param {Kit} kit */
export default ({ name, server, handle, state, rt }) => {
  /** Where this page is to be. @type {Set<string>} */
  const rooms = new Set()

  /**
   * Enters a room: the user is there until this page leaves it, or ends. If the instances lose the page (it was offline for longer than that), it enters again by itself
   * when it is back. One that may not, or finds the room full, is not there.
   *
   * @param {string} room
   * @returns {Promise<void>}
   */
  const enter = async room => {
    rooms.add(room)
    try {
      await server.enter(room)
    } catch (/** @type {any} */ error) {
      if (!/^(gone|unknown)$/.test(error.code)) rooms.delete(room) // else it is lost, and entered again
      throw error
    }
  }

  /**
   * Leaves a room.
   *
   * @param {string} room
   * @returns {Promise<void>}
   */
  const leave = async room => {
    rooms.delete(room)
    await server.leave(room)
  }

  /**
   * Shows who is in a room, now and whenever that changes (told twice a second), until what it returns is called. It is not necessary to be there.
   *
   * @param {string} room
   * @param {(people: Person[]) => void} show who came first is in front
   */
  const watch = (room, show) => state(`${name}/${room}`).on(people => show(
    Object.entries(people)
      .map(([id, person]) => ({ away: false, ...person, id }))
      .sort((a, b) => a.since - b.since || (a.id < b.id ? -1 : 1))
  ))

  const ignore = () => {} // it is in the log, or is lost again
  handle({ away: () => { server.back().catch(ignore) } }) // we were; if we still are we do not hear it
  rt.on('lost', ({ stream }) => { if (!stream) for (const room of rooms) enter(room).catch(ignore) }) // a new socket is nowhere
  return { enter, leave, watch }
}
