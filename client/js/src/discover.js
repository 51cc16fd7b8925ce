// @ts-check
/** @typedef {import('../client.js').Client} Client */

/**
 * Asks what services the server has: see types/discover.d.ts.
 *
 * @param {Client} rt
 * @returns {Promise<any>}
 */
export const discover = rt => rt.service('sojourn').describe()
