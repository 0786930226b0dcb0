/** Buyers in each state of a purchase, for what operators see. */
import { leaveQueue } from './operations.ts'
import { charge, createSale, hold, join, pay } from './purchase.ts'
import type { TestServer } from './server.ts'

/** A buyer with a payment, one with a hold, one who has left and one who waits, for a date of ten seats. */
export async function createBuyersInEachState(server: TestServer) {
  const sale = await createSale(server, { capacity: 2, seatCount: 10 })
  const [date = ''] = sale.performanceIds
  const joinAnew = async () => {
    const user = await server.user()
    return { user, ...(await join(user, sale.concertId)) }
  }
  const bought = await joinAnew()
  const sold = await hold(bought.user, bought.token, date, [1, 2, 3])
  await charge(bought.user, 1_000)
  await pay(bought.user, bought.token, sold.id)
  const gone = await joinAnew()
  await leaveQueue(gone.user, gone.token)
  const holding = await joinAnew()
  await hold(holding.user, holding.token, date, [4])
  await joinAnew()
  const waiting = await joinAnew()
  return { sale, bought, holding, waiting }
}
