export function provideTfjsNode(): string | undefined;
