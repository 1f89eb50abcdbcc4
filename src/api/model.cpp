// Model files: their information, import and export.
#include <octet/export.h>
#include <octet/import.h>
#include <octet/model.h>

#include "api/convert.h"
#include "api/guard.h"
#include "core/error.h"
#include "format/checkpoint/checkpoint.h"
#include "format/model_file.h"
#include "format/registry.h"
#include "model/passes/passes.h"

namespace octet::v0 {
namespace {

const ExportFormat& format_of(const std::filesystem::path& file) {
  const ExportFormat* format = export_format_of(file);
  if (format != nullptr) return *format;
  std::string known;
  for (const ExportFormat& other : octet::export_formats()) {
    const std::string extension(other.extension);
    if (known.find(extension) == std::string::npos)
      known += (known.empty() ? "" : ", ") + extension;
  }
  fail_usage("{}: its extension is none of an export; there are: {}", file.string(), known);
}

octet::Size input_of(const ExportOptions& options, const Model& model) {
  if (options.size == Size{}) return model.usual_size();
  return SizeOption::parse(to_string(octet::Size{options.size.width, options.size.height})).size;
}

}  // namespace

ModelInfo read_model_info(const std::filesystem::path& model, const Log& log) {
  return guarded(log, [&] { return to_public(open_artifact(model)); });
}

void import_checkpoint(const std::filesystem::path& checkpoint, const std::filesystem::path& model,
                       const ImportOptions& options) {
  guarded(options.log, [&] {
    write_model_file(model, read_checkpoint(checkpoint),
                     options.half ? StorageKind::kF16 : StorageKind::kF32);
  });
}

void export_model(const std::filesystem::path& model, const std::filesystem::path& file,
                  const ExportOptions& options) {
  guarded(options.log, [&] {
    const ExportFormat& format = format_of(file);
    const Model folded = fold_batch_norm(read_model(model));
    write_export(format, file, folded,
                 {.size = input_of(options, folded),
                  .layout = options.decoded ? Layout::kUltralytics : Layout::kRaw});
  });
}

}  // namespace octet::v0
