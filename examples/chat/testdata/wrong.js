// A page that is wrong in five lines.
import { connect } from '/rt/app.js'

const { rt, chat } = connect()

chat.shout('hello')
chat.say(7)
chat.enter({ room: 'lobby' })
rt.topic('rooom/lobby')
rt.topic('room/lobby').on(line => line.txt)
