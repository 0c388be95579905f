// Imported first of all: what must be set before anything else is loaded.
// Libraries that listen to DEBUG print what they are given, environments with passwords among it.
delete process.env.DEBUG;

export {};
