#include "graph/ops/pooling/max_pool.h"

namespace octet {

Shape MaxPool::output_shape(const ShapeInputs& in) const {
  const Shape& x = in.only();
  return {1, x[1], in.windows(x[2], kernel, stride, {padding.top, padding.bottom}),
          in.windows(x[3], kernel, stride, {padding.left, padding.right})};
}

}  // namespace octet
