/** Finds a statement in the source by its tokens, so that reformatting, comments, moved files and renamed locals do not matter. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Edit {
  /** The end of the file's path, for a statement that is not unique in the project. */
  file?: string
  /** The statement, which occurs exactly once. `$name` stands for an identifier or a dotted path, the same at each occurrence. */
  find: string
  /** May use the names of `find`. */
  replace: string
}

const SOURCES = ['src', 'drizzle']
const TOKEN = /\$\w+|\w+|[^\w\s]/g
/** White space and comments of TypeScript, SQL and Lua. */
const GAP = String.raw`(?:\s|(?://|--).*\n)*`
const PATH = String.raw`[A-Za-z_]\w*(?:\??\.\w+)*`

/** @throws unless the statement occurs exactly once below `root` */
export function applyEdit(root: string, edit: Edit): void {
  const [path, text] = locate(root, edit)
  writeFileSync(path, editText(text, edit))
}

/** @throws unless the statement occurs exactly once below `root` */
export function locate(root: string, { file = '', find }: Edit): [path: string, text: string] {
  const pattern = toPattern(find)
  const found = SOURCES.flatMap((source) =>
    readdirSync(join(root, source), { recursive: true, encoding: 'utf8' })
      .map((name) => join(root, source, name))
      .filter((path) => path.endsWith(file) && /\.(ts|sql|lua)$/.test(path))
      .map((path): [string, string] => [path, readFileSync(path, 'utf8')])
      .flatMap((entry) => Array.from(entry[1].matchAll(pattern), () => entry)),
  )
  const [only, ...others] = found
  if (only && others.length === 0) return only
  throw new Error(`found ${found.length} times${file === '' ? '' : ` in ${file}`}: ${find}`)
}

/** The text with the statement replaced. */
export function editText(text: string, { find, replace }: Edit): string {
  const [match] = text.matchAll(toPattern(find))
  if (!match) return text
  const replacement = replace.replace(/\$(\w+)/g, (token, name: string) => match.groups?.[name] ?? token)
  return text.slice(0, match.index) + replacement + text.slice(match.index + match[0].length)
}

function toPattern(find: string): RegExp {
  const seen = new Set<string>()
  const toPart = (token: string): string => {
    if (/^\w/.test(token)) return String.raw`\b${token}\b`
    if (/^[)\]}]$/.test(token)) return `,?${GAP}\\${token}`
    if (token.length === 1) return `\\${token}`
    const name = token.slice(1)
    if (seen.has(name)) return String.raw`\b\k<${name}>\b`
    seen.add(name)
    return String.raw`\b(?<${name}>${PATH})\b`
  }
  return new RegExp((find.match(TOKEN) ?? []).map(toPart).join(GAP), 'g')
}
