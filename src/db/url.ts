/** The address of a database: what it may say after "?". */

/** The driver asks PostgreSQL for everything else, which refuses it. */
const URL_PARAMETERS = ['sslmode', 'sslnegotiation', 'application_name', 'target_session_attrs']

/** Why this address cannot be used, to be read after its name; undefined: it can. @param address a valid URL */
export function describeUnknownParameters(address: string): string | undefined {
  const unknown = [...new URL(address).searchParams.keys()].filter((name) => !URL_PARAMETERS.includes(name))
  if (unknown.length === 0) return undefined
  return `has to go without ${unknown.join(', ')}: only ${URL_PARAMETERS.join(', ')} are understood`
}
