/** The variable of a URL, and the one with the authority for it. */
const authorities = {
  DATABASE_URL: 'DATABASE_CA_FILE',
  DATABASE_DIRECT_URL: 'DATABASE_CA_FILE',
  CRON_DATABASE_URL: 'DATABASE_CA_FILE',
  QUEUE_URL: 'QUEUE_CA_FILE',
} as const
export type UrlVariable = keyof typeof authorities

const unknownAuthority = [
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]

/** What to do where TLS did not come about, by the error's code (docs/errors.md); undefined for other codes. */
export function tlsRemedy(code: string, variable: UrlVariable): string | undefined {
  if (unknownAuthority.includes(code)) {
    return `no authority known here has signed the server's certificate: set ${authorities[variable]} to the root certificate of the one that did`
  }
  return remedies[code]?.(variable)
}

const remedies: Record<string, (variable: UrlVariable) => string> = {
  ERR_TLS_CERT_ALTNAME_INVALID: (variable) =>
    `the server's certificate does not name the host of ${variable}: use a name that it has, or have it issued for this one`,
  CERT_HAS_EXPIRED: () => "the server's certificate, or its authority's, has expired: renew it",
  CERT_NOT_YET_VALID: () => "the server's certificate is not valid yet: compare the clocks of both machines",
  '28000': (variable) =>
    `the server does not let this login in, or not without TLS: ${authorities[variable]} asks for it (docs/configuration.md, "TLS")`,
  tls_refused: (variable) =>
    `the server speaks no TLS: switch it on there (ssl = on); only on one machine do without ${authorities[variable]} and sslmode`,
  tls_failed: () => 'the server broke off before TLS began: see its own log',
  ERR_SSL_WRONG_VERSION_NUMBER: (variable) => `what answers at the port of ${variable} speaks no TLS: use its TLS port`,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: () =>
    'the server asks for a certificate of ours: sslcert and sslkey in the URL of PostgreSQL; Redis needs tls-auth-clients no',
}

/** The codes that have a remedy, for documents and tests. */
export const tlsCodes: readonly string[] = [...unknownAuthority, ...Object.keys(remedies)]
