import { AsyncLocalStorage } from 'node:async_hooks';

/** What every line of log of a request carries. */
export interface RequestContext {
  requestId: string;
  /** Prefix of the key in use, once known. */
  keyPrefix?: string;
}

const storage = new AsyncLocalStorage<RequestContext>();

export function runWithRequestContext<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work);
}

/** Starts work that a request set off but that is not a part of it. */
export function outsideOfRequests<T>(work: () => T): T {
  return storage.exit(work);
}

/** The request that is being served; undefined in background work. */
export function currentRequest(): RequestContext | undefined {
  return storage.getStore();
}
