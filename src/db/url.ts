/** The query parameters of a database URL. */

/** The driver sends every other parameter to PostgreSQL as a setting, which PostgreSQL rejects. */
const URL_PARAMETERS = ['sslmode', 'sslnegotiation', 'application_name', 'target_session_attrs']

/** Why this URL cannot be used, phrased to follow its name; undefined: it can. @param address a valid URL */
export function describeUnknownParameters(address: string): string | undefined {
  const unknown = [...new URL(address).searchParams.keys()].filter((name) => !URL_PARAMETERS.includes(name))
  if (unknown.length === 0) return undefined
  return `has to go without ${unknown.join(', ')}: only ${URL_PARAMETERS.join(', ')} are understood`
}
