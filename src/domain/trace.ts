/** Attributes of a span. Never values that a client has sent: they may be secret. */
export type Attributes = Record<string, string | number>

/** Runs within a child span of the current trace; without one, just runs. */
export type TraceSpan = <T>(name: string, attributes: Attributes, run: () => Promise<T>) => Promise<T>

/** Runs a client's request within a new trace, or within the client's. */
export type TraceRequest = <T>(asked: {
  name: string
  attributes: Attributes
  /** https://www.w3.org/TR/trace-context/#traceparent-header */
  traceparent: string | undefined
  run: () => Promise<T>
  /** A short error message; undefined: no error. */
  errorMessageOf: (result: T) => string | undefined
}) => Promise<T>
