export { encodeGrid, type Picture, perturbationPicture, pictureOf } from './image-grid.ts';
