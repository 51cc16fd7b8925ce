import { connect } from '/rt/client.js'

const rt = connect('/rt') // WebSocket, then SSE, then long-polling
const chat = rt.service('chat')

const show = text => {
  lines.append(Object.assign(document.createElement('li'), { textContent: text }))
}
rt.topic('room/lobby').on(line => show(`${line.From}: ${line.Text}`)) // the last 50, then live, across deploys

document.forms[0].onsubmit = event => {
  event.preventDefault()
  const { text } = event.target
  chat.say({ Text: text.value }).catch(error => show(error.message)) // settles when it took effect, perhaps on another instance
  text.value = ''
}
rt.on('status', status => { document.title = status }) // open, ready, reconnecting ...
rt.on('lost', () => location.reload()) // told, never left to guess
