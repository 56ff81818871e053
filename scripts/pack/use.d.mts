export function writeBands(folder: string): void;
