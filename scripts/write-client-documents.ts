import { writeFileSync } from 'node:fs'
import { printClientDocuments } from './client-documents.ts'

writeFileSync(new URL('../client/documents.ts', import.meta.url), await printClientDocuments())
