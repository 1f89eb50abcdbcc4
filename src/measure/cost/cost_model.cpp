#include "measure/cost/cost_model.h"

namespace octet {

double CostModel::predict(const Graph& graph, Size size) const {
  double sum = 0;
  for (const Layer& layer : layers_of(graph, size)) sum += cost(layer);
  return sum;
}

double FlopCost::cost(const Layer& layer) const { return 2e-9 * multiplications(layer); }

}  // namespace octet
