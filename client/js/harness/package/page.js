// A page that takes only some of the transports along.
import { connect } from 'sojourn-client/core'
import { longpoll } from 'sojourn-client/longpoll'

export const rt = connect('/rt', { transports: [longpoll] })
