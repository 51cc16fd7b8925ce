// What both servers with Socket.IO do. A call is an event that is acknowledged; what is published goes to a room.
import { Server } from 'socket.io'
import { serve, server } from './serve.js'

/**
 * Serves.
 * @param {Partial<import('socket.io').ServerOptions>} options of Socket.IO
 */
export const rooms = options => {
  const http = server(text => { io.to('news').emit('news', JSON.parse(text)) })
  const io = new Server(http, options)
  io.on('connection', socket => {
    socket.on('echo', (data, answer) => answer(data))
    socket.on('follow', answer => {
      socket.join('news')
      answer()
    })
  })
  serve(http)
}
