import { everyContract, postgres } from '@postern/storage/contract'

everyContract(postgres)
