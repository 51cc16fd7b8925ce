// @ts-check
/** @param {string} selector @returns {any} */
export const $ = selector => document.querySelector(selector)

/**
 * @param {string} tag
 * @param {Record<string, any>} [properties]
 * @param {...(Node | string)} children
 * @returns {any}
 */
export const make = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties)
  element.append(...children)
  return element
}

/** An id of our own making: what it names can be gone on with before the server has heard of it. */
export const newID = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), byte => byte.toString(16).padStart(2, '0')).join('')

/** A text among other words, whichever way each of them is written. @param {string} text */
export const quoted = text => `“\u2068${text}\u2069”`

/** The first character of a name that can be seen. @param {string} name */
export const initial = name => name.match(/[^\p{White_Space}\p{Default_Ignorable_Code_Point}\p{C}]/u)?.[0] || '?'
