/** Codes of the portal and of the way to it, in plain words; docs/portal.md lists the same. */
export const portalCodes: Readonly<Record<string, string>> = {
  '0x80040217': 'the portal has no such contact',
  '0x80060891': 'the portal has no contact with this key',
  '0x8006088a': 'the portal has no such table: see PORTAL_MAPPING',
  '0x80060888': 'the portal does not understand the address: see PORTAL_MAPPING',
  '0x80048d19': 'the portal does not know a column or a value of ours: see PORTAL_MAPPING',
  '0x80044331': 'a value is too long for its column',
  '0x8004431a': 'the portal has no such option: see PORTAL_MAPPING',
  '0x80040203': 'the portal does not take a value of ours',
  '0x80040265': "a rule of the portal's own refused the change",
  '0x80060882': 'somebody else edited the contact at the same moment',
  '0x80072560': 'our application has no user in this environment',
  '0x80042f09': 'our user has no role',
  '0x80040220': 'the role of our user lacks a privilege',
  '0x80048306': 'our user may not reach this contact',
  '0x80095ffc': "the environment's allow list leaves our application out",
  '0x80040225': 'our user is disabled',
  '0x8004d24b': 'our user is disabled',
  '0x80041d1f': 'our user is disabled',
  '0x80072321': 'the portal asked for a slower pace',
  '0x80072322': 'the portal asked for a slower pace',
  '0x80072326': 'the portal asked for a slower pace',
  aadsts_7000215: 'the client secret is wrong, or was deleted',
  aadsts_7000222: 'the client secret has expired',
  aadsts_700016: 'the tenant does not know our application',
  aadsts_7000112: 'our application is disabled in the tenant',
  aadsts_700027: "the application's certificate is not believed",
  aadsts_700024: "this machine's clock is off",
  aadsts_90002: 'there is no such tenant',
  aadsts_500011: 'the tenant does not know the address of PORTAL_URL',
  throttled: 'the portal asked for patience',
  patience: 'the portal had asked for patience',
  timeout: 'no answer before our own deadline',
  aborted: 'the portal-sync was told to stop',
  lease_expired: 'the portal-sync did not come back within its lease',
  connection_failed: 'there was no way to the portal',
  ECONNREFUSED: 'nobody listened where the portal should be',
  ECONNRESET: 'the portal hung up without an answer',
  ENOTFOUND: 'the host of the portal was not found',
  UND_ERR_SOCKET: 'the portal hung up without an answer',
  not_json: 'what answered is no Web API',
  not_understood: 'the answer has not the shape that it should: see PORTAL_MAPPING',
  unusable_key: 'a portal_key is not empty and holds none of / < > * % & : \\ ? +',
  read_back_differs: 'the contact does not show what was written: somebody, or a rule of the portal, changes it back',
  repeated_page: 'the portal gave the same page twice',
  foreign_page: 'the next page lies at another address than the portal',
  stopped: 'the portal-sync was stopped',
  crashed: 'the portal-sync ended without coming back',
  environment_unknown: 'nobody has compared everything with this environment of the portal before',
  too_many_differences: 'more of those that should be in step differ than PORTAL_SHARE allows',
}

/** A code with what it means: `aadsts_7000222, the client secret has expired`. */
export function wordsForPortalCode(code: string | null): string {
  if (code === null) return 'no code on record'
  const words = portalCodes[code] ?? wordsForOther(code)
  return words === undefined ? code : `${code}, ${words}`
}

function wordsForOther(code: string): string | undefined {
  if (code.startsWith('token_')) {
    const cause = portalCodes[code.slice('token_'.length)]
    return `no token was to be had${cause === undefined ? '' : `: ${cause}`}`
  }
  if (code.startsWith('aadsts_')) return 'the tenant refuses our application or its credential'
  if (code === 'http_401') return 'the portal does not believe our token'
  if (code === 'http_403') return 'our user may not do this'
  if (code === 'http_404') return 'the portal has no such contact'
  if (code === 'http_429') return 'the portal asked for a slower pace'
  if (/^http_4\d\d$/.test(code)) return 'the portal refused the request'
  if (/^http_5\d\d$/.test(code)) return 'the portal was out of order'
  return undefined
}
