export function provideWebgpu(chromium: string | undefined): string | undefined;
