/** What is started, whichever way its output is taken. */
export interface ToolStart {
  /** Absolute path of the executable. */
  file: string;
  args: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
}

/** How a tool ended. Exactly one of the two is set. */
export interface ToolExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface ToolOutput {
  text: string;
  isTruncated: boolean;
  /** The end of stderr, where it was kept apart from the output. */
  stderrEnd?: string;
}

/**
 * A tool that runs as leader of its own session and process group, with nothing on stdin and SIGHUP ignored.
 *
 * The end of the run is the tool's exit, never "the output was closed": a daemon it leaves behind may hold that open
 * for ever. So `exited` comes first, then what is left of the tool is killed, and only then `collectOutput` is called.
 */
export interface ToolProcess {
  /** Of the leader; at the same time the id of its process group and session. */
  readonly pid: number;
  readonly exited: Promise<ToolExit>;
  /** All that the tool wrote, once, after it has ended. */
  collectOutput(): Promise<ToolOutput>;
}
