import { everyContract, pglite } from '@postern/storage/contract'

everyContract(pglite)
