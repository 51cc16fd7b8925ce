export { ws } from '../../../transports/ws/ws.js'
export { sse } from '../../../transports/sse/sse.js'
export { longpoll } from '../../../transports/longpoll/longpoll.js'
export { mock } from '../../../transports/mock/mock.js'
