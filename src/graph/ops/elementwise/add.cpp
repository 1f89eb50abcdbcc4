#include "graph/ops/elementwise/add.h"

namespace octet {

Shape Add::output_shape(const ShapeInputs& in) {
  if (in.all().size() != 2 || in.all()[0] != in.all()[1])
    in.refuse("expected two inputs of equal shape");
  return in.all()[0];
}

}  // namespace octet
