/**
 * The numbers of the ActiveSync elements that this server reads or writes, `code page << 8 | token`.
 *
 * Only what is used. Source: [MS-ASWBXML] section 2.1.2.1.
 */
export const AIR_SYNC = {
  Sync: 0x0005,
  Add: 0x0007,
  SyncKey: 0x000b,
  ServerId: 0x000d,
  Status: 0x000e,
  Collection: 0x000f,
  CollectionId: 0x0012,
  Commands: 0x0016,
  Collections: 0x001c,
  ApplicationData: 0x001d,
} as const

export const EMAIL = {
  DateReceived: 0x020f,
  MessageClass: 0x0213,
  Subject: 0x0214,
  Read: 0x0215,
  To: 0x0216,
  From: 0x0218,
} as const

export const FOLDER = {
  DisplayName: 0x0707,
  ServerId: 0x0708,
  ParentId: 0x0709,
  Type: 0x070a,
  Status: 0x070c,
  Changes: 0x070e,
  Add: 0x070f,
  SyncKey: 0x0712,
  FolderSync: 0x0716,
  Count: 0x0717,
} as const

export const PING = { Ping: 0x0d05, Status: 0x0d07, HeartbeatInterval: 0x0d08 } as const

export const PROVISION = {
  Provision: 0x0e05,
  Policies: 0x0e06,
  Policy: 0x0e07,
  PolicyType: 0x0e08,
  PolicyKey: 0x0e09,
  Data: 0x0e0a,
  Status: 0x0e0b,
  Document: 0x0e0d,
  DevicePasswordEnabled: 0x0e0e,
} as const

export const BODY = { Type: 0x1106, Body: 0x110a, Data: 0x110b, EstimatedDataSize: 0x110c } as const

export const SETTINGS = {
  Settings: 0x1205,
  Status: 0x1206,
  Get: 0x1207,
  DeviceInformation: 0x1216,
  UserInformation: 0x121d,
  EmailAddresses: 0x121e,
  SmtpAddress: 0x121f,
} as const
