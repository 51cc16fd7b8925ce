// ws, with its defaults. What is published is sent to each.
import { WebSocketServer } from 'ws'
import { serve, server } from './serve.js'

const followers = new Set()
const http = server(text => {
  for (const socket of followers) socket.send(text)
})
const all = new WebSocketServer({ server: http, perMessageDeflate: false })
all.on('connection', (socket, request) => {
  if (request.url === '/news') {
    followers.add(socket)
    socket.on('close', () => followers.delete(socket))
  } else {
    socket.on('message', (data, binary) => socket.send(data, { binary }))
  }
})
serve(http)
