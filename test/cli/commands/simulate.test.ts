/** The command line of the simulator: what it refuses, and how it ends when a server refuses every device. */

import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Command } from 'commander';

import { addSimulate } from '../../../src/cli/commands/simulate.js';

let output = '';

beforeEach(() => {
  output = '';
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output += String(text);
    return true;
  });
});

afterEach(() => {
  jest.restoreAllMocks();
});

async function simulate(...flags: string[]): Promise<void> {
  const program = new Command('bellwether').exitOverride();
  addSimulate(program);
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => undefined });
  await program.parseAsync(['node', 'bellwether', 'simulate', ...flags]);
}

describe('bellwether simulate', () => {
  it.each([
    ['coaps://127.0.0.1:5684', /needs --credentials FILE: devices prove who they are/],
    ['coaps+tcp://127.0.0.1:5684', /--server must be like .* or coaps:\/\/127\.0\.0\.1:5684/],
    ['http://127.0.0.1', /--server must be like/],
    ['coap://127.0.0.1:70000', /--server must be like/],
    ['coap://127.0.0.1/rd', /--server must be like/],
  ])('refuses --server %s and says what is allowed', async (url, words) => {
    await expect(simulate('--server', url)).rejects.toThrow(words);
  });

  it.each([
    ['--count', '0'],
    ['--count', 'many'],
    ['--lifetime', '4294967296'],
    ['--lifetime', '-1'],
    ['--lwm2m', '2.0'],
    ['--seed', '1.5'],
    ['--sleep', '0'],
    ['--send', '0'],
    ['--fault', 'tired'],
    ['--send-format', 'tlv'],
    ['--loss', '101'],
    ['--loss', '-1'],
    ['--loss', 'some'],
  ])('refuses %s %s', async (flag, value) => {
    await expect(simulate(flag, value)).rejects.toMatchObject({ code: 'commander.invalidArgument' });
  });

  it.each([
    [['--sleep', '60'], /--sleep goes with --queue/],
    [['--queue', '--sleep', '60'], /--sleep 60 must be more than --awake 93/],
    [['--queue', '--awake', '60', '--sleep', '60'], /--sleep 60 must be more than --awake 60/],
    [['--send', '60', '--lwm2m', '1.0'], /--send needs --lwm2m 1\.1 or 1\.2/],
    [['--send', '60', '--send-format', 'lwm2m-cbor'], /--send-format lwm2m-cbor needs --lwm2m 1\.2/],
  ])('refuses %j', async (flags, words) => {
    await expect(simulate(...flags)).rejects.toThrow(words);
  });

  it('says before anything runs that a report would have no place', async () => {
    await expect(simulate('--report', '/nowhere/report.json')).rejects.toThrow(
      /^--report: \/nowhere\/report\.json cannot be written: ENOENT/,
    );
  });

  it('prints a script to begin from', async () => {
    await simulate('--print-script');
    expect(output).toMatch(/^# What simulated devices do over time[^]*\nsteps:\n/);
  });

  it('refuses a script that is wrong, or that its devices cannot play', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'script-'));
    const file = join(folder, 'script.json');
    try {
      await expect(simulate('--script', file)).rejects.toThrow(/script\.json cannot be read: ENOENT/);
      writeFileSync(file, '{"steps":[{"do":"jump"}]}');
      await expect(simulate('--script', file)).rejects.toThrow(/\/steps\/0\/do must be one of fault/);
      writeFileSync(file, '{"steps":[{"do":"firmware","outcome":"install"}]}');
      await expect(simulate('--script', file)).rejects.toThrow(/^step 1 \(firmware\) of the script: .* no object 5/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('refuses an object without definition, and takes it from a folder', async () => {
    await expect(simulate('--objects', '3304,31999')).rejects.toThrow(/object 31999 has no definition/);
    const folder = mkdtempSync(join(tmpdir(), 'objects-'));
    writeFileSync(join(folder, '31999.xml'), DEFINITION);
    try {
      await expect(simulate('--objects', folder, '--server', 'nowhere')).rejects.toThrow(/--server must be like/);
      await expect(simulate('--objects', `3304,${folder},31998`)).rejects.toThrow(/object 31998 has no definition/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('refuses the objects no server may see, and a folder that is not there', async () => {
    await expect(simulate('--objects', '0')).rejects.toThrow(/object 0 cannot be simulated/);
    await expect(simulate('--objects', './no-such-folder')).rejects.toThrow(/no-such-folder/);
  });

  it('ends with a refusal when a server answers 4.03 to all, and says what helps', async () => {
    const socket = createSocket('udp4');
    socket.on('message', (bytes, { port, address }) => {
      // ACK, 4.03, same message id and token.
      const length = 4 + ((bytes[0] as number) & 0x0f);
      const answer = Buffer.from(bytes.subarray(0, length));
      answer[0] = 0x60 | (length - 4);
      answer[1] = 0x83;
      socket.send(answer, port, address);
    });
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const server = `coap://127.0.0.1:${socket.address().port}`;
    try {
      await expect(simulate('--server', server, '--count', '2')).rejects.toMatchObject({ code: 'refused' });
      expect(output).toContain('sim-1 was refused: 4.03');
      expect(output).toContain('--coap-open');
      output = '';
      await expect(simulate('--server', server, '--json', '--prefix', 'x')).rejects.toMatchObject({ code: 'refused' });
      expect(JSON.parse(output.split('\n')[0] ?? '')).toEqual({
        event: 'refused',
        endpoint: 'x1',
        operation: 'register',
        code: '4.03',
        detail: 'Forbidden',
      });
    } finally {
      socket.close();
    }
  });
});

const DEFINITION = `<?xml version="1.0" encoding="UTF-8"?>
<LWM2M><Object ObjectType="MODefinition">
<Name>Test</Name><Description1></Description1><ObjectID>31999</ObjectID><ObjectURN>urn:oma:lwm2m:x:31999</ObjectURN>
<LWM2MVersion>1.0</LWM2MVersion><ObjectVersion>1.0</ObjectVersion>
<MultipleInstances>Multiple</MultipleInstances><Mandatory>Optional</Mandatory>
<Resources><Item ID="0"><Name>Value</Name><Operations>RW</Operations><MultipleInstances>Single</MultipleInstances>
<Mandatory>Mandatory</Mandatory><Type>Integer</Type><RangeEnumeration></RangeEnumeration><Units></Units>
<Description></Description></Item></Resources><Description2></Description2></Object></LWM2M>`;
