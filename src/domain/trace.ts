/** What a span is told about itself. Nothing of what a client has sent: a value may be a secret. */
export type Attributes = Record<string, string | number>

/** Runs it as a part of what is being traced at the moment; if nothing is, it just runs. */
export type TraceSpan = <T>(name: string, attributes: Attributes, run: () => Promise<T>) => Promise<T>

/** Runs something that a client has asked for as a trace, or as a part of the client's. */
export type TraceRequest = <T>(asked: {
  name: string
  attributes: Attributes
  /** https://www.w3.org/TR/trace-context/#traceparent-header */
  traceparent: string | undefined
  run: () => Promise<T>
  /** What went wrong, in a word; undefined: nothing. */
  errorMessageOf: (result: T) => string | undefined
}) => Promise<T>
