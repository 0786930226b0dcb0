/**
 * The close codes that the server sends. The protocol has codes of its own, which graphql-ws sends: 4400, 4401, 4406, 4408,
 * 4409, and 4429 for a second connection_init (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md).
 * ws sends 1009 for a message that is too long, and 1007 for text that is not UTF-8 (RFC 6455, section 7.4.1).
 */
export const CloseCode = {
  /** The server stops: connect again, to another one. Of RFC 6455's registry. */
  ServiceRestart: 1012,
  /** A message that the protocol does not know; graphql-ws sends it too. */
  BadRequest: 4400,
  /**
   * The access token of connection_init is not valid, or has expired: connect again with a new one. The client of graphql-ws
   * does so by itself, with what its `connectionParams` returns then.
   */
  Forbidden: 4403,
  /** The id of an operation that is still under way; graphql-ws sends it too. */
  SubscriberAlreadyExists: 4409,
  /** Too many messages, or too many sockets of one user. Clients of the protocol do not reconnect by themselves. */
  LimitExceeded: 4429,
  /** An unhandled error, which is in the log. */
  InternalError: 4500,
} as const
