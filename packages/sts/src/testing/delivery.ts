/** delivery alone, for tests that need senders and the outbox but no service around them. */
export {
  createDelivery,
  createNotices,
  createOutboxWorker,
  type Delivery,
  type DeliverySettings,
  type Notice,
} from '../delivery/delivery.ts'
export { createKeptLog } from './kept-log.ts'
