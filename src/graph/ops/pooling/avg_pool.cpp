#include "graph/ops/pooling/avg_pool.h"

namespace octet {

Shape AvgPool::output_shape(const ShapeInputs& in) const {
  const Shape& x = in.only();
  return {1, x[1], in.windows(x[2], kernel, stride, {}), in.windows(x[3], kernel, stride, {})};
}

}  // namespace octet
