// Socket.IO, with its adapter for Redis, whose URL stands behind -redis.
import { createAdapter } from '@socket.io/redis-adapter'
import { Redis } from 'ioredis'
import { rooms } from './rooms.js'

const redis = new Redis(process.argv[process.argv.indexOf('-redis') + 1])
rooms({ adapter: createAdapter(redis, redis.duplicate()) })
