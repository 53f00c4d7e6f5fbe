import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Model } from './model.ts';

const ModelContext = createContext<Model | undefined>(undefined);
export const ModelProvider = ModelContext.Provider;

/** The model of the widget around this component. */
export function useModel(): Model {
  const model = useContext(ModelContext);
  if (!model) throw new Error('no ModelProvider above');
  return model;
}
