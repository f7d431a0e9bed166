import { type Answer, json } from '../wire/message.ts'

/** What Dataverse refuses for: status, code and text. The names are those of faults, too; `{…}` is filled in. */
export const dataverseErrors = {
  not_a_member: { status: 403, code: '0x80072560', text: 'The user is not a member of the organization.' },
  no_role: {
    status: 403,
    code: '0x80042f09',
    text: 'The user with id {user} has not been assigned any roles. They need a role with the {privilege} privilege.',
  },
  no_privilege: {
    status: 403,
    code: '0x80040220',
    text: "Principal user (Id={user}, type=8, roleCount=1, privilegeCount={count}, accessMode=4), is missing {privilege} privilege (Id={privilegeId}) on OTC=2 for entity '{table}'. context.Caller={user}",
  },
  no_row_access: { status: 403, code: '0x80048306', text: 'The principal has no access to the record.' },
  app_not_allowed: {
    status: 403,
    code: '0x80095ffc',
    text: 'Access to Dataverse API is restricted for this application Id : {application}. Please contact your administrator for more information.',
  },
  user_disabled: { status: 403, code: '0x80040225', text: 'The specified user(Id = {user}) is disabled.' },
  bad_payload: {
    status: 400,
    code: '0x80048d19',
    text: "Error identified in Payload provided by the user for Entity :'{set}', For more information on this error please follow this help link https://go.microsoft.com/fwlink/?linkid=2195293 ---->  InnerException : Microsoft.OData.ODataException: {detail}",
  },
  bad_url: { status: 400, code: '0x80060888', text: '{detail}' },
  unknown_key: {
    status: 400,
    code: '',
    text: "The key in the request URI is not valid for resource 'Microsoft.Dynamics.CRM.{table}'. Ensure that the names and number of key properties match the declared or alternate key properties for the resource '{set}'.",
  },
  too_long: {
    status: 400,
    code: '0x80044331',
    text: "A validation error occurred.  The length of the '{column}' attribute of the '{table}' entity exceeded the maximum allowed length of '{length}'.",
  },
  bad_choice: {
    status: 400,
    code: '0x8004431a',
    text: "A validation error occurred. The value {value} of '{column}' on record of type '{table}' is outside the valid range.",
  },
  bad_argument: { status: 400, code: '0x80040203', text: '{detail}' },
  plugin_abort: { status: 400, code: '0x80040265', text: "A rule of the organisation's own refuses this change." },
  bad_status: {
    status: 400,
    code: '0x80048408',
    text: '{status} is not a valid status code for state code {schema}State.{state} on {table} with Id {id}.',
  },
  no_row: { status: 404, code: '0x80040217', text: '{table} With Id = {id} Does Not Exist' },
  no_row_with_key: {
    status: 404,
    code: '0x80060891',
    text: 'A record with the specified key values does not exist in {table} entity',
  },
  no_segment: { status: 404, code: '0x8006088a', text: "Resource not found for the segment '{segment}'." },
  stale_version: {
    status: 412,
    code: '0x80060882',
    text: "The version of the existing record doesn't match the RowVersion property provided.",
  },
  row_exists: { status: 412, code: '0x80040237', text: 'A record with matching key values already exists.' },
  key_violated: {
    status: 412,
    code: '0x80060892',
    text: 'Entity Key {key} violated. A record with the same value for {column} already exists. A duplicate record cannot be created. Select one or more unique values and try again.',
  },
  duplicate_found: {
    status: 412,
    code: '0x80040333',
    text: 'A record was not created or updated because a duplicate of the current record already exists.',
  },
  expired_delta_token: {
    status: 400,
    code: '0x80044352',
    text: 'Version stamp associated with the client has expired. Please perform a full sync.',
  },
  request_limit: {
    status: 429,
    code: '0x80072322',
    text: 'Number of requests exceeded the limit of {limit} over time window of 300 seconds.',
  },
  time_limit: {
    status: 429,
    code: '0x80072321',
    text: 'Combined execution time of incoming requests exceeded limit of {limit}  milliseconds over time window of 300 seconds. Decrease number of concurrent requests or reduce the duration of requests and try again later.',
  },
  concurrency_limit: {
    status: 429,
    code: '0x80072326',
    text: 'Number of concurrent requests exceeded the limit of {limit}.',
  },
  wrong_verb: {
    status: 405,
    code: '0x80060888',
    text: "The requested resource does not support http method '{method}'.",
  },
  wrong_media_type: { status: 415, code: '', text: 'A missing or unsupported content type header was found.' },
  too_large: { status: 413, code: '', text: 'The request is too large.' },
} as const

export type DataverseError = keyof typeof dataverseErrors

/** An outcome that ends a request; it is thrown within the simulator and answered by it. */
export class Refused extends Error {
  readonly answer: Answer
  constructor(kind: DataverseError, facts: Record<string, string | number> = {}) {
    super(kind)
    this.answer = dataverseError(kind, facts)
  }
}

export function dataverseError(
  kind: DataverseError,
  facts: Record<string, string | number> = {},
  headers: Record<string, string> = {},
): Answer {
  const { status, code, text } = dataverseErrors[kind]
  const message = text.replace(/\{(\w+)\}/g, (_, name: string) => String(facts[name] ?? ''))
  return json(status, { error: { code, message } }, { 'content-type': odataJson, ...headers })
}

export const odataJson = 'application/json; odata.metadata=minimal'
