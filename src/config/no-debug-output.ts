// Imported first of all: libraries that listen to DEBUG print what they are given, environments with passwords among it.
delete process.env.DEBUG;
