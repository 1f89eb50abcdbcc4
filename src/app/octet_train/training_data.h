// The images of a training, with labels of their own or of a model.
#pragma once

#include <string>

#include "core/size.h"
#include "eval/dataset/dataset.h"
#include "model/model.h"

namespace octet {

struct TrainingData {
  Dataset training, validation;
  bool truth_of_model = false;  // a model gave the labels of the validation
};

// Reads a data set, as read_parts() does. With a `labeller` the file may also be a folder of images:
// every tenth image validates then. Throws an Error that names the file.
[[nodiscard]] TrainingData read_training_data(const std::string& file, bool strict,
                                              const Model* labeller,
                                              const std::vector<std::string>& model_names = {});

// Leaves out unreadable images, gives labels to a part that has none where there is a labeller, and
// logs what the labels hold. Throws an Error that begins with the file when no image of a part has a
// label then, and when the data has keypoints, but validation has none labelled.
void complete(TrainingData& data, const std::string& file, bool strict, const Model* labeller,
              const SizeOption& size);

}  // namespace octet
