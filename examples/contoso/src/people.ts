/**
 * The people of the organisation, as both of its servers know them: the copy of the directory that a hybrid keeps in step.
 *
 * It owns names, addresses, and on which side somebody's calendar is. It knows no passwords: those are the token service's.
 */

/** `addresses` holds the user principal name too. All are in lower case. */
export type Person = Readonly<{
  upn: string
  displayName: string
  addresses: readonly string[]
  /** The mail domain of the server that keeps the calendar. */
  calendarAt: string
  /** No server may act for them: they have power over others. They come themselves. */
  isAdministrator: boolean
}>

/** How a token may name a person. */
export type PersonNames = Readonly<{ upn?: string; smtp?: string }>

export type People = Readonly<{
  findByAddress: (address: string) => Person | undefined
  /** Everybody who answers to all of the names that are given; none when none is given. */
  matching: (names: PersonNames) => readonly Person[]
}>

export function createPeople(all: readonly Person[]): People {
  const answersTo = (person: Person, name: string): boolean => person.addresses.includes(name.toLowerCase())
  return Object.freeze({
    findByAddress: (address: string) => all.find((person) => answersTo(person, address)),
    matching: ({ upn, smtp }: PersonNames) => {
      if (upn === undefined && smtp === undefined) return Object.freeze([])
      const found = all.filter(
        (person) => (upn === undefined || person.upn === upn.toLowerCase()) && (smtp === undefined || answersTo(person, smtp)),
      )
      return Object.freeze(found)
    },
  })
}

/** All but Joe on premises; Joe's calendar was moved to the cloud, where he has a second address. */
export function demoPeople(domains: Readonly<{ onPremises: string; cloud: string }>): People {
  const person = (name: string, displayName: string, at: keyof typeof domains): Person => {
    const upn = `${name}@${domains.onPremises}`
    const addresses = at === 'cloud' ? [upn, `${name}@${domains.cloud}`] : [upn]
    return Object.freeze({
      upn,
      displayName,
      addresses: Object.freeze(addresses),
      calendarAt: domains[at],
      isAdministrator: name === 'admin',
    })
  }
  return createPeople([
    person('mary', 'Mary Miller', 'onPremises'),
    person('joe', 'Joe Jones', 'cloud'),
    person('admin', 'Demo Administrator', 'onPremises'),
    person('ann', 'Ann Archer', 'onPremises'),
    person('rita', 'Rita Recruiter', 'onPremises'),
  ])
}
