// Socket.IO, with its defaults.
import { rooms } from './rooms.js'

rooms({})
