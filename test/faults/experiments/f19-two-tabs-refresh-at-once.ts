import { createTally, experiment } from '../lab/experiment.ts'

export default experiment(
  'F19',
  'Two tabs refresh with the same token at once, at two processes',
  async (lab) => {
    const tally = createTally()
    const world = await lab.world()
    const other = await world.service()
    const first = await world.signedIn('first tab')
    const second = world.client('second tab', other.address)
    for (let round = 0; round < (lab.budget === 'short' ? 20 : 1000); round += 1) {
      const token = first.token
      second.token = token
      const answers = await Promise.all([first.refresh(token), second.refresh(token)])
      const [one, two] = answers.map(({ answer }) => answer)
      tally.held(
        one?.status === 200 && one.text === two?.text && first.token === second.token,
        `round ${round}: ${one?.status} ${one?.body.error ?? ''} and ${two?.status} ${two?.body.error ?? ''}, ${one?.text === two?.text ? 'the same' : 'different'}`,
      )
      if (one?.status !== 200) break
    }
    return tally.result(lab.requests())
  },
  { inShort: true },
)
