/** What the worker is started with. */
export interface ParserWorkerData {
  /** Resolved path of `@cdktn/hcl2json`. */
  library: string;
  maxMemoryBytes: number;
  maxAnswerLength: number;
}

/**
 * What the worker answers to the text of a file: its content as JSON, or what is wrong with the file. After `fatal` the
 * parser is in an unknown state, so that the worker must not be asked again.
 */
export type ParserAnswer = { json: string } | { error: string } | { fatal: string };

/** The name the parser knows every file by: real names can hold anything, and its messages are taken apart again. */
export const PARSED_FILE_NAME = 'module.tf';

/**
 * The whole worker, as plain JavaScript: jest runs from TypeScript sources, which a worker cannot load.
 *
 * `resourceLimits` do not count the memory of WebAssembly, and 1 MiB of HCL can make the parser (a Go program) take
 * 4 GiB. Go calls `resetMemoryDataView` each time its memory has grown, so that is where the limit is enforced.
 * Whatever is thrown from there unwinds the Go program; so does a stack overflow, which deep nesting leads to.
 * Go's last words are dropped: they would go to the log of the server, and hold what the file says.
 */
export const PARSER_WORKER_SOURCE = `'use strict';
const { parentPort, workerData } = require('node:worker_threads');
let memory = null;
let death = null;
function die(reason) {
  death = reason;
  throw new Error(reason);
}
const instantiate = WebAssembly.instantiate;
WebAssembly.instantiate = async (bytes, imports) => {
  const go = imports.gojs;
  const refreshView = go['runtime.resetMemoryDataView'];
  go['runtime.resetMemoryDataView'] = (sp) => {
    refreshView(sp);
    if (memory !== null && memory.buffer.byteLength > workerData.maxMemoryBytes) die('needs too much memory to be parsed');
  };
  go['runtime.wasmExit'] = () => die('cannot be parsed');
  go['runtime.wasmWrite'] = () => undefined;
  const result = await instantiate(bytes, imports);
  memory = result.instance.exports.mem;
  return result;
};
const { parse } = require(workerData.library);
async function answer(content) {
  try {
    const json = JSON.stringify(await parse('${PARSED_FILE_NAME}', content));
    return json.length > workerData.maxAnswerLength ? { error: 'is too large once parsed' } : { json };
  } catch (error) {
    if (death !== null) return { fatal: death };
    if (error instanceof RangeError) return { fatal: 'is nested too deeply to be parsed' };
    return error.constructor === Error ? { error: error.message } : { fatal: 'cannot be parsed' };
  }
}
parentPort.on('message', async (content) => parentPort.postMessage(await answer(content)));
`;
