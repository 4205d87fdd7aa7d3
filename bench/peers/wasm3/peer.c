/*
 * A peer of `npm run bench -- wasm`: runs modules on wasm3's interpreter.
 *
 * What it reads and answers, line by line, is described in `bench/wasm.ts`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "wasm3.h"

#define STACK_BYTES (1 << 20)
#define LINE_BYTES (1 << 22)

static char line[LINE_BYTES];
/* wasm3 keeps pointers into a module's bytes. */
static uint8_t bytes[LINE_BYTES / 2];

static void check(M3Result result) {
  if (result == m3Err_none) return;
  fprintf(stderr, "%s\n", result);
  exit(1);
}

static IM3Function load(const char *hex) {
  uint32_t count = 0;
  unsigned byte;
  if (strncmp(hex, "0x", 2) == 0) hex += 2;
  while (sscanf(hex + 2 * count, "%2x", &byte) == 1) bytes[count++] = (uint8_t)byte;
  IM3Environment environment = m3_NewEnvironment();
  IM3Runtime runtime = m3_NewRuntime(environment, STACK_BYTES, NULL);
  IM3Module module;
  IM3Function run;
  check(m3_ParseModule(environment, &module, bytes, count));
  check(m3_LoadModule(runtime, module));
  check(m3_FindFunction(&run, runtime, "run"));
  return run;
}

static double cpu_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

int main(void) {
  IM3Function run = NULL;
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (strncmp(line, "module ", 7) == 0) run = load(line + 7);
    if (strncmp(line, "run ", 4) != 0) continue;
    uint32_t result = 0;
    const double start = cpu_ms();
    check(m3_CallV(run, (uint32_t)strtoul(line + 4, NULL, 10)));
    check(m3_GetResultsV(run, &result));
    printf("%u %.3f\n", result, cpu_ms() - start);
    fflush(stdout);
  }
  return 0;
}
