#!/usr/bin/env node
'use strict';

const { runCli } = require('../index.js');

runCli(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error) => {
    console.error(`error: ${error.code ?? 'internal'}: ${error.message}`);
    process.exitCode = 3;
  },
);
