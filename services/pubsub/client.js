// @ts-check
/** @typedef {import('../../client/js/types/app.js').CallOptions} CallOptions */
/** @typedef {import('../../client/js/types/app.js').Kit} Kit */

/**
 * What is known of a publication.
 *
 * @typedef Meta
 * @property {{ id?: string, name?: string }} [user] who published it; absent: nobody in particular, or the program
 * @property {number} at when, in milliseconds since 1970, by the instance's clock
 */

/** @param {Kit} kit */
export default ({ name, server, topic }) => ({
  /**
   * Publishes a value, any JSON, to everyone who is subscribed to a channel, this page included. It is real when the promise settles.
   *
   * @param {string} channel
   * @param {any} value
   * @param {CallOptions} [options]
   * @returns {Promise<void>}
   */
  publish: (channel, value, options) => server.publish({ channel, value }, options),

  /**
   * The same, but not to this page.
   *
   * @param {string} channel
   * @param {any} value
   * @param {CallOptions} [options]
   * @returns {Promise<void>}
   */
  publishOthers: (channel, value, options) => server.publishOthers({ channel, value }, options),

  /**
   * Subscribes to a channel, until what it returns is called. rt.on('lost') tells of values that never come.
   *
   * @param {string} channel
   * @param {(value: any, meta: Meta) => void} listener
   */
  subscribe: (channel, listener) => topic(`${name}/${channel}`).on(({ value, ...meta }) => listener(value, meta))
})
