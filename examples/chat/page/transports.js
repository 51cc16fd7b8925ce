// @ts-check
// What the page connects by: what the server has for every page, or what the page's address asks for, as in ?transport=engineio.

import { $ } from './line.js'

/** Transports that the server offers. @type {string[]} */
export const offered = $('meta[name=transports]').content.split(',')

const guests = ['engineio', 'sockjs'] // which carry the protocol of a library that the page has to bring
const asked = (new URLSearchParams(location.search).get('transport') ?? '').split(',').filter(name => offered.includes(name))
const own = offered.filter(name => !guests.includes(name))

/** Those that connect is to know. */
export const chosen = [asked, own, offered].find(names => names[0]) ?? []

/** Brings a library, and the half that the server has for it. @param {string} name */
const bring = async name => {
  const [library, half] = await Promise.all([import(`./lib/${name}.js`), import(`/rt/${name}.js`)])
  return half[name](library.Socket ?? Reflect.get(globalThis, 'SockJS'))
}

/** As options of connect. */
export const transports = await Promise.all(chosen.map(name => guests.includes(name) ? bring(name) : name))
