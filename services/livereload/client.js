// @ts-check
/** @typedef {import('../../client/js/types/app.js').Client} Client */
/** @typedef {import('../../client/js/types/app.js').Kit} Kit */

/**
 * What there is to see, as the instance says it.
 *
 * @typedef Sight
 * @property {string} state a digest of all that follows
 * @property {string} build which program it is
 * @property {Record<string, string>} files by path, what changes with each
 */

const every = 500 // ms between two looks
const patience = 3000 // ms

/** @param {Kit} kit */
export default ({ name, rt, log }) => {
  if (!globalThis.document) return // there is nothing to reload
  const { known, x, y } = left()
  if (known) scrollTowards(x, y)
  watch(rt, name, known, log)
}

/**
 * Looks as long as the conversation lasts, while the page is seen.
 *
 * @param {Client} rt
 * @param {string} name
 * @param {Sight | undefined} known
 * @param {Kit['log']} log
 */
const watch = async (rt, name, known, log) => {
  const server = rt.service(name) // not the kit's, which would log each look
  let { look } = server // the first one waits for the connection: what is seen then is what the page was made of
  let told
  for (; rt.status !== 'close'; await new Promise(resolve => setTimeout(resolve, every))) {
    if (known && document.hidden) continue
    try {
      const seen = await look(known ? known.state : '')
      look = server.volatile.look
      if (seen.state === known?.state) continue
      if (!known || await restyle(known, seen) || await reload(known, seen)) known = seen
    } catch (/** @type {any} */ e) {
      if (e.code !== 'unavailable' && e.message !== told) log.warn(told = e.message)
    }
  }
}

/** The paths of what changed. @param {Sight} known @param {Sight} seen */
const changes = (known, seen) =>
  Object.keys({ ...known.files, ...seen.files }).filter(path => known.files[path] !== seen.files[path])

/** Whether a URL may name a file: the program serves it somewhere. @param {string} url @param {string} path */
const fits = (url, path) => new URL(url).pathname.endsWith(new URL('file:///' + path).pathname)

/** Replaces the stylesheets that changed, and tells whether that is all there is to do. @param {Sight} known @param {Sight} seen */
const restyle = async (known, seen) => {
  const changed = changes(known, seen)
  const links = [...document.querySelectorAll('link')].filter(link => link.sheet)
  const linked = changed.map(path => links.filter(link => fits(link.href, path)))
  if (known.build !== seen.build || linked.some(those => !those.length)) return false
  const replaced = await Promise.all([...new Set(linked.flat())].map(replace))
  return replaced.every(Boolean)
}

/**
 * Puts a new link behind one, which goes when the new one is there.
 *
 * @param {HTMLLinkElement} link
 * @returns {Promise<boolean>} whether it came
 */
const replace = link => new Promise(resolve => {
  const next = /** @type {HTMLLinkElement} */ (link.cloneNode())
  const url = new URL(link.href)
  url.searchParams.set('livereload', `${Date.now()}`)
  next.href = url.href
  next.removeAttribute('integrity') // of what it was
  next.onload = () => {
    link.remove()
    resolve(true)
  }
  next.onerror = () => {
    next.remove()
    resolve(false)
  }
  link.after(next)
})

/**
 * Reloads the page.
 *
 * @param {Sight} known
 * @param {Sight} seen
 * @returns {Promise<boolean>} false, or rejected: there is no page to be had now, and it is to be tried again
 */
const reload = async (known, seen) => {
  const ask = (/** @type {string} */ url) => fetch(url, { cache: 'reload', signal: AbortSignal.timeout(patience) })
  if (!(await ask(location.href)).ok) return false // the program is being started again, perhaps
  // A reload asks for the page alone: what else it loads may stand in the browser's cache, and be taken for fresh.
  const changed = changes(known, seen)
  const loaded = performance.getEntriesByType('resource').map(entry => entry.name)
  await Promise.allSettled(loaded.filter(url => changed.some(path => fits(url, path))).map(ask))
  leave({ known: seen, x: scrollX, y: scrollY })
  location.reload()
  return true
}

// What a page leaves to the one that it becomes: what it has seen, so that no change between the two is missed, and where it was scrolled to. Not every
// page may remember something.

/** @param {{ known: Sight, x: number, y: number }} kept */
const leave = kept => {
  try {
    sessionStorage.livereload = JSON.stringify(kept)
  } catch {}
}

const left = () => {
  try {
    const kept = JSON.parse(sessionStorage.livereload)
    delete sessionStorage.livereload
    return kept
  } catch {
    return {}
  }
}

/** Scrolls there as soon as the page is long enough: what it shows may come late. @param {number} x @param {number} y */
const scrollTowards = (x, y) => {
  const growth = new ResizeObserver(() => {
    scrollTo(x, y)
    if (scrollY >= y) growth.disconnect()
  })
  growth.observe(document.body)
  setTimeout(() => growth.disconnect(), patience)
}
