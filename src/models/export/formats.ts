/** Apart from the exporters, so that the command line can list them without loading them. */
export const EXPORT_FORMATS = ['tfjs', 'keras', 'onnx', 'npz'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];
