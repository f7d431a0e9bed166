import { cp, mkdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageRoot } from '../../runtime/package-root.ts'
import { temporaryFolder } from '../embedded/folder.ts'
import { runProgram, startProgram } from './program.ts'

const build = 'dist/cli/process.js'
const source = 'cli/process.ts'

/** A package whose program says where it comes from. Times are in seconds; without one a file is not there. */
async function packageWith(folder: string, files: { built?: number; changed?: number; isTsxInstalled?: boolean }) {
  await cp(join(packageRoot(), 'bin'), join(folder, 'bin'), { recursive: true })
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  if (files.isTsxInstalled) await symlink(join(packageRoot(), 'node_modules'), join(folder, 'node_modules'))
  const write = async (path: string, time: number | undefined, content: string) => {
    if (time === undefined) return
    await mkdir(join(folder, path, '..'), { recursive: true })
    await writeFile(join(folder, path), content)
    await utimes(join(folder, path), time, time)
  }
  await write(build, files.built, `process.stdout.write('build')`)
  await write(source, files.changed, `process.stdout.write('sources' satisfies string)`)
  return runProgram(join(folder, 'bin', 'mentor-expiry'), folder, [])
}

const isTsxInstalled = true
const notInstalled = expect.stringContaining('not installed yet')
const older = 'mentor-expiry: dist/ is older than the sources; `npm run build` brings it up to date\n'

test.each([
  ['the sources where nothing is built', { changed: 1, isTsxInstalled }, { code: 0, stdout: 'sources', stderr: '' }],
  ['a build of these sources', { built: 2, changed: 1, isTsxInstalled }, { code: 0, stdout: 'build', stderr: '' }],
  ['sources that are newer', { built: 1, changed: 2, isTsxInstalled }, { code: 0, stdout: 'sources', stderr: '' }],
  ['an old build, and says so, without tsx', { built: 1, changed: 2 }, { code: 0, stdout: 'build', stderr: older }],
  ['a build that came without sources', { built: 1 }, { code: 0, stdout: 'build', stderr: '' }],
  ['nothing where there is neither', { changed: 1 }, { code: 2, stdout: '', stderr: notInstalled }],
])('the command runs %s', async (_, files, ending) => {
  await using folder = await temporaryFolder('bin')
  expect(await packageWith(folder.path, files)).toEqual(ending)
})

test('SIGTERM to npm ends what npm start has started', async () => {
  await using folder = await temporaryFolder('bin')
  await cp(join(packageRoot(), 'bin'), join(folder.path, 'bin'), { recursive: true })
  const { scripts } = JSON.parse(await readFile(join(packageRoot(), 'package.json'), 'utf8'))
  await writeFile(join(folder.path, 'package.json'), JSON.stringify({ type: 'module', scripts }))
  await mkdir(join(folder.path, 'dist', 'cli'), { recursive: true })
  const patient = `process.on('SIGTERM', () => process.exit(0)); setTimeout(() => {}, 20_000); process.stdout.write('runs ' + process.argv[2])`
  await writeFile(join(folder.path, build), patient)
  const npm = startProgram('npm', folder.path, ['start'])
  await npm.says('runs up')
  const ended = performance.now()
  process.kill(npm.pid, 'SIGTERM')
  await npm.ended // its output too, which the program would hold open
  expect(performance.now() - ended).toBeLessThan(15_000)
}, 60_000)
