// Keeps a page of the diary of e2e/builds, as python/talk.py does, by the client that the server has for pages and a library from npm:
//
//   node talk.js MOUNT NAME engineio polling,websocket
//   node talk.js MOUNT NAME sockjs xhr-polling
//
// The commands come on its standard input, one a line:
//
//   talk N   writes N entries, and more; prints a line of JSON for each that was answered
//   burst N  writes N large ones at once, on a page of their own, and prints how many had their answer without a break of the connection
//   end      waits for what was asked and published, says goodbye, and prints what there was
import { createInterface } from 'node:readline/promises'
import { Socket } from 'engine.io-client'
import SockJS from 'sockjs-client'

const [mount, name, protocol, transports] = process.argv.slice(2)

/** A module that the server has for pages. @param {string} file */
const served = async file => import('data:text/javascript,' + encodeURIComponent(await (await fetch(`${mount}/${file}`)).text()))

const { connect } = await served('client.js')
const { [protocol]: half } = await served(protocol + '.js')
const options = { transports: transports.split(','), timeout: 20_000 }
const rt = connect(mount, { transports: [half(protocol === 'sockjs' ? SockJS : Socket, options)] })

const window = 4 // entries that wait for their answers at once
const seen = { answers: [], entries: [], moods: [], noted: [], count: {}, lost: [], failed: [], build: '', end: '' }
let [n, moods] = [0, 0] // said so far
let top = {} // what the page's newest entries say of the count
let wake = () => {}
const saw = (what, value) => {
  seen[what].push(value)
  wake()
}
const print = value => console.log(JSON.stringify(value))

const diary = rt.service('diary', { noted: text => saw('noted', text), mood: text => text + '!' })
rt.topic('page/' + name).on(entry => {
  top[entry.by] = entry.n
  saw(entry.by === 'mood' ? 'moods' : 'entries', entry.text)
})
rt.state('count/' + name).on(count => {
  seen.count = count ?? {}
  wake()
})
rt.on('lost', ({ stream, why }) => {
  top = {}
  saw('lost', stream + ' ' + why)
  print(stream + ' ' + why)
})

const result = async call => {
  try {
    const answer = await call
    if (answer === undefined) return
    saw('answers', answer)
    print(answer)
  } catch (e) {
    saw('failed', e.code)
  }
}

const talk = async count => {
  const waiting = []
  for (let i = 0; i < count; i++) {
    const text = `${++n}`
    waiting.push(diary.write({ page: name, by: name, text }), diary.note(text))
    if (n % 5 === 0) {
      moods++
      waiting.push(diary.ask({ page: name, by: 'mood', text }))
    }
    while (waiting.length > window) await result(waiting.shift())
  }
  for (const each of waiting) await result(each)
}

const burst = async count => {
  let whole = true
  const off = rt.on('status', status => { whole &&= status === 'ready' })
  const text = '"'.repeat(30_000) // 60 KB as JSON, and twice that where it is quoted again
  const answers = await Promise.all(Array.from({ length: count }, () => diary.write({ page: 'burst', by: name, text })))
  off()
  print(whole && answers.length)
}

const complete = () => seen.entries.length === n && seen.noted.length === n && seen.moods.length === moods &&
  JSON.stringify(Object.entries(seen.count).sort()) === JSON.stringify(Object.entries(top).sort())

const end = async () => {
  await result(diary.nothing())
  while (!complete()) await new Promise(resolve => { wake = () => resolve(undefined) })
  seen.build = await diary.volatile.build({})
  rt.on('close', ({ code }) => {
    seen.end = code
    print(seen)
    process.exit() // a library may hold a connection for a while
  })
  rt.close()
}

for await (const line of createInterface({ input: process.stdin })) {
  const [word, count] = line.split(' ')
  await { talk, burst, end }[word](+count)
}
