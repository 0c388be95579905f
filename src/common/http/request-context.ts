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

/** The request that is being served; undefined in background work. */
export function currentRequest(): RequestContext | undefined {
  return storage.getStore();
}
