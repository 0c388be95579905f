// Imported first of all: what must be set before anything else is loaded.
import { setFlagsFromString } from 'node:v8';

// Libraries that listen to DEBUG print what they are given, environments with passwords among it.
delete process.env.DEBUG;

// A young generation of 4 MiB instead of 16: 25 MiB less of idle memory for no measurable loss of speed.
setFlagsFromString('--max-semi-space-size=4');
